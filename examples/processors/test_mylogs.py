"""Its tests, which need no database."""

from examples.processors.mylogs import with_tenant

from ingestor.processors import Drop
from ingestor.testing import process


def test_the_tenant_is_in_the_path() -> None:
    entry = {"req": {"url": "/tenants/acme/orders"}}
    assert process(with_tenant, entry, key="eu/web/a.json") == entry | {"tenant": "acme", "region": "eu"}


def test_a_load_test_is_dropped() -> None:
    assert process(with_tenant, {"req": {"headers": {"x-load-test": "1"}}}) == Drop("load test")


def test_any_other_entry_stays_as_it_is() -> None:
    assert process(with_tenant, {"msg": "started"}) == {"msg": "started"}
