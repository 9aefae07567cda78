"""Made-up data: a simulated dialer, and the sample landing files of all four systems.

Belongs here: everything that invents data. Does not belong here: anything the pipeline needs in order to run.
"""
