"""`python -m tools.watching`: puts the queries of infra/watching/queries/ into the workbook."""

from tools.watching.workbook import write

if __name__ == "__main__":
    write()
