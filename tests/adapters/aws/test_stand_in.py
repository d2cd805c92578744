"""The stand-in that a demo starts: it ends with whoever started it."""

import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tocsin.adapters.aws.stand_in import StandIn
from tocsin.core.clock import pause
from tocsin.core.errors import ConfigError, UsageError

KILLED = """
import os, signal
from tocsin.adapters.aws.stand_in import StandIn
with StandIn() as stand_in:
    print(stand_in.settings.endpoint("s3"), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
TRIES_MAX = 600


def answers(url: str) -> bool:
    place = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(place.hostname), int(place.port or 0))) == 0


def test_stand_in_does_not_outlive_a_user_that_was_killed() -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)

    url = done.stdout.strip()
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert url.startswith("http://127.0.0.1:")
    for _ in range(TRIES_MAX):
        if not answers(url):
            return
        pause(0.05)
    raise AssertionError(f"{url} still answers")


def test_stand_in_off_this_machine_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(UsageError, match="--endpoint must be on this machine"):
        StandIn("https://kinesis.eu-central-1.amazonaws.com")


def test_stand_in_off_this_machine_is_taken_where_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_ALLOW_ENDPOINT", "1")

    with StandIn("https://stand-in.example.com") as stand_in:
        assert stand_in.settings.endpoint("s3") == "https://stand-in.example.com"


@pytest.mark.parametrize(
    ("missing", "words"), [("boto3", "install tocsin"), ("moto", "there is no stand-in for AWS here")]
)
def test_what_is_not_installed_is_told(missing: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> object:
        return None if name == missing else name

    monkeypatch.setattr("tocsin.adapters.aws.stand_in.find_spec", found)
    monkeypatch.setattr("tocsin.adapters.aws.stand_in.which", lambda _: None)

    with pytest.raises(ConfigError, match=words):
        StandIn()
