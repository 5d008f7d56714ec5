"""Sets up the process's logs and exporters when it is imported, before any function is."""

from shared.settings import settings
from shared.telemetry import export, logs

logs.configure(settings().log_format)
if settings().telemetry in {"console", "prometheus"}:  # in the background otherwise, beside the first work
    export.start()
