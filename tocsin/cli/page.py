"""``tocsin page``: the dashboard as plain files, for whatever serves files."""

from pathlib import Path
from typing import Final

import click

from tocsin.api.assets import INDEX, SECURITY_HEADERS
from tocsin.api.site import policy, site
from tocsin.cli.output import talk
from tocsin.core.errors import UsageError

POLICY_NAME: Final = "content-security-policy"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--api", default="", help="What stands before /v1/, e.g. https://api.example.com; else the page's origin."
)
@click.option("--path", default="/", show_default=True, help="Where the page is below its origin.")
def page(folder: Path, api: str, path: str) -> None:
    """Write the dashboard's files into FOLDER, and print the headers that belong to them.

    Serve index.html at every address of the page (/, /devices/..., /alerts/..., /pipeline), the rest as it lies.
    Whoever answers at --api must allow the page's origin: `tocsin serve --allow-origin`.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} must be empty or absent: what lies there would be served as well")
    files = site(api, path)
    for name, data in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for name, value in {**SECURITY_HEADERS, POLICY_NAME: policy(api)}.items():
        click.echo(f"{name}: {value}")
    talk(f"{len(files)} files in {folder}; {INDEX} must be asked for again each time, assets/ never changes")
