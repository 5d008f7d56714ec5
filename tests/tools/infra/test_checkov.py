from collections.abc import Callable
from pathlib import Path

import pytest

from tools.infra import checkov


def test_what_checkov_finds_is_told_and_suppressions_need_a_reason(broken: Callable[[str, str, str], Path]) -> None:
    """One run, for it takes long: nothing but the three faults is found in the real infra/."""
    root = broken("core/storage.bicep", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'")
    identity = root / "core/identity.bicep"
    skips = "\n// checkov:skip=CKV_AZURE_1\n// checkov:skip=CKV_AZURE_2: there are no machines that could need this\n"
    identity.write_text(identity.read_text() + skips)
    findings = checkov.run(root)
    assert [(finding.place.path.name, finding.message.partition(":")[0]) for finding in findings] == [
        ("identity.bicep", "CKV_AZURE_1 is skipped without a reason"),
        ("identity.bicep", "CKV_AZURE_2 is skipped, and does not fail"),
        ("storage.bicep", "CKV_AZURE_44"),
    ]


def test_without_checkov_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkov, "BINARY", tmp_path / "checkov")
    with pytest.raises(checkov.CheckovError, match="make setup"):
        checkov.ask(tmp_path)
