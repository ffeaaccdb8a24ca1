"""``python -m simulators.issuing.catalogue > docs/catalogue.md``."""

from simulators.issuing.catalogue.page import markdown

print(markdown(), end="")
