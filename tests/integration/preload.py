"""What the fork server imports before it forks runs: everything that takes long, settled as a run settles it."""

import pipelines.__main__
import pipelines.cli.terminal  # noqa: F401
import tests.integration.started  # noqa: F401
from pipelines.validation.engine import freeze_imports

freeze_imports()  # or the server would print a page of leaked objects when the tests end
