"""Which buckets a service may read is said on purpose, or nothing is read."""

import pytest

from ingestor.errors import ConfigurationError
from ingestor.settings import Settings


@pytest.mark.parametrize("variables", [{"BUCKETS": "logs,file"}, {"BUCKET": "file"}])
def test_a_bucket_may_have_the_name_of_local_files(variables: dict[str, str]) -> None:
    assert "file" in Settings.from_environment(variables).watched_buckets


def test_commas_alone_name_no_bucket() -> None:
    settings = Settings.from_environment({"BUCKETS": " , ,"})
    with pytest.raises(ConfigurationError, match="not set: BUCKETS"):
        settings.require("buckets")


@pytest.mark.parametrize("name", ["BUCKETS", "BUCKET"])
def test_either_name_is_enough(name: str) -> None:
    Settings.from_environment({name: "logs"}).require("buckets")
