"""Everything breaks while people trade: ``python -m tests.chaos --seed 7`` (CONTRIBUTING.md)."""
