from tests.e2e.conftest import Stack
from tests.test_operations import local_blocks, run


def test_every_block_of_the_runbook_for_the_local_stack_works(stack: Stack) -> None:
    done = run(local_blocks(), stack.data, stack.ports)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status":"ready"' in done.stdout
    assert "sealed with the newest key" in done.stdout
    assert "0 events are sent again" in done.stdout
