# One image for every service of compose.yaml. Web server, daemon and code server differ only in their command.
# The parts are tested one by one (deploy/README.md lists them). CI does not build the image.

FROM python:3.13-slim AS environment
RUN python -m venv /opt/venv
COPY requirements.lock .
RUN /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes \
    --requirement requirements.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin ledger \
    && install --directory --owner=ledger --group=ledger /ledger /ledger/landing /ledger/output
COPY --from=environment /opt/venv /opt/venv
WORKDIR /opt/contact-ledger
COPY workspace.yaml LICENSE ./
COPY deploy/dagster.yaml deploy/entrypoint deploy/workspace.yaml deploy/
COPY data/contact_rules.csv data/dispositions.csv data/holidays.csv data/nicknames.csv data/number_plan.csv data/regions.csv data/
COPY data/sample data/sample
COPY sql sql
COPY pipelines pipelines
RUN /opt/venv/bin/python -m compileall -q pipelines

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    CONTACT_LEDGER_LANDING=/ledger/landing \
    CONTACT_LEDGER_OUTPUT=/ledger/output \
    DAGSTER_HOME=/ledger/output/dagster \
    DAGSTER_DISABLE_TELEMETRY=1 \
    GX_ANALYTICS_ENABLED=false
USER 10001
VOLUME /ledger/output
ENTRYPOINT ["deploy/entrypoint"]
# Without a command the container does one run, like `make run`.
CMD ["python", "-m", "pipelines"]
