"""``python -m tests.register``: write docs/attacks.md anew."""

from pathlib import Path

from tests.register.page import markdown

ROOT = Path(__file__).parents[2]
(ROOT / "docs" / "attacks.md").write_text(markdown(ROOT))
