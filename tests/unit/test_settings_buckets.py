"""Which buckets a service may read is said on purpose, or nothing is read."""

import pytest

from ingestor.errors import ConfigurationError
from ingestor.settings import Settings


def test_no_bucket_may_have_the_name_of_local_files() -> None:
    for variables in ({"BUCKETS": "logs,file"}, {"BUCKET": "file"}):
        with pytest.raises(ConfigurationError, match='"file" is what the ledger calls local files'):
            Settings.from_environment(variables)


def test_commas_alone_name_no_bucket() -> None:
    settings = Settings.from_environment({"BUCKETS": " , ,"})
    with pytest.raises(ConfigurationError, match="not set: BUCKETS"):
        settings.require("buckets")


@pytest.mark.parametrize("name", ["BUCKETS", "BUCKET"])
def test_either_name_is_enough(name: str) -> None:
    Settings.from_environment({name: "logs"}).require("buckets")
