"""``python -m tests.model`` prints the shortest story to a broken promise for each rule that is left out."""

from dataclasses import fields

from tests.model.search import search
from tests.model.world import Rules


def main() -> None:
    """Print all stories."""
    print(f"with all rules: {search(Rules(), records=3).worlds} worlds, none of them wrong\n")  # noqa: T201  a program
    for rule in fields(Rules):
        print(f"without {rule.name}:\n{search(Rules(**{rule.name: False})).text()}\n")  # noqa: T201  a program


if __name__ == "__main__":
    main()
