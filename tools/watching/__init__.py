"""Checks what watches the app: queries of alerts and workbook, held against the telemetry that the app emits."""
