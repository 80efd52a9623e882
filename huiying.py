"""回应: the front door."""


def main() -> None:
    """Placeholder until the rooms are mounted."""
