import subprocess
import sys
from typing import Any, cast

import pytest

from tocsin.adapters.aws.open import open_aws
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.core.errors import ConfigError
from tocsin.runtime.provisioned import WHOLE, provision

LOOPBACK = {"": "http://127.0.0.1:9"}


def test_port_that_the_settings_do_not_name_says_so_when_it_is_used() -> None:
    with open_aws(AwsSettings("us-east-1", blobs_bucket="blobs", endpoints=LOOPBACK)) as aws:
        with pytest.raises(ConfigError, match="not told where its topic are, and used publish"):
            aws.backend.topic.publish([])
        with pytest.raises(ConfigError, match="TOCSIN_CHECKPOINTS_TABLE is not set"):
            _ = aws.checkpoints


def test_opening_makes_only_the_clients_of_the_ports_that_are_named() -> None:
    with open_aws(AwsSettings("us-east-1", blobs_bucket="blobs", endpoints=LOOPBACK)) as aws:
        assert list(aws._ports.clients._made) == ["s3"]


def test_clients_have_timeouts_and_few_retries() -> None:
    with open_aws(AwsSettings("us-east-1", blobs_bucket="blobs")) as aws:
        config: Any = aws._ports.clients.s3.meta.config

    assert (config.connect_timeout, config.read_timeout) == (2, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_endpoint_comes_from_the_settings_and_from_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://203.0.113.1")

    with open_aws(AwsSettings("us-east-1", blobs_bucket="blobs")) as aws:
        assert aws._ports.clients.s3.meta.endpoint_url.endswith(".amazonaws.com")


def test_stand_in_on_this_machine_is_never_shown_real_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")

    with open_aws(AwsSettings("us-east-1", blobs_bucket="blobs", endpoints=LOOPBACK)) as aws:
        signer: Any = cast("Any", aws._ports.clients.s3)._request_signer

        assert signer._credentials.access_key == "tocsin"


def test_importing_what_opens_imports_no_boto3() -> None:
    program = "import sys, tocsin.adapters.aws.open, tocsin.adapters.aws.settings; print('boto3' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_resources_are_never_made_on_aws_itself() -> None:
    with pytest.raises(ConfigError, match="only a stand-in"):
        provision(AwsSettings("us-east-1"), "tocsin")


def test_pipeline_outside_of_lambda_is_given_all_that_it_needs() -> None:
    settings = AwsSettings("us-east-1", **{field: field for field in WHOLE})  # type: ignore[arg-type]

    assert all(
        settings.has(part)
        for part in ("readings", "panes", "state", "windows", "alerts", "decisions", "gateway", "topic", "blobs")
    )
