"""Sets up the process's logs and exporters when it is imported, before any function is."""

from shared.settings import settings
from shared.telemetry import logs

logs.configure(settings().log_format)
