"""A stack's life on an AWS on loopback: created, updated to a newer schema, refused a broken one, deleted."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from demo import deployment, observe
from demo.cloud import Cloud
from demo.programs import DemoError
from tests.support.template import template

from ingestor.database import ConnectionParameters, Database
from ingestor.database.migrate import bundled_migrations

NAME = "ingestor-life"
SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def own_database(postgres: ConnectionParameters) -> ConnectionParameters:
    with psycopg.connect(
        host=postgres.host, port=postgres.port, dbname=postgres.dbname, user=postgres.user,
        password=postgres.password, autocommit=True,
    ) as connection:  # fmt: skip
        connection.execute("CREATE DATABASE stack_life")
    return replace(postgres, dbname="stack_life")


@pytest.fixture
def database(own_database: ConnectionParameters) -> Iterator[Database]:
    with closing(Database(lambda: own_database, "public")) as opened:
        yield opened


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    deployment.build()
    started = Cloud(tmp_path_factory.mktemp("life"))
    started.start()
    yield started
    started.stop()


def next_release(folder: Path, name: str, script: str) -> Path:
    """The built artefact as a release with one migration more would have it."""
    shutil.copytree(deployment.ARTEFACT, folder)
    (folder / "MigrateFunction/ingestor/database/sql" / name).write_text(script)
    text = (folder / "template.yaml").read_text()
    newest = bundled_migrations()[-1].name
    assert newest in text
    (folder / "template.yaml").write_text(text.replace(newest, name))
    return folder


def loads(cloud: Cloud, stack: deployment.Stack, database: Database, key: str) -> bool:
    cloud.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=b'{"time":1795432855268}\n')
    until = time.monotonic() + 30
    while time.monotonic() < until:
        file = observe.files(database).get(key)
        if file is not None and file.is_settled:
            return file.rows == 1
        time.sleep(0.1)
    return False


def test_the_template_names_the_newest_migration_so_that_it_is_applied() -> None:
    resources = template()["Resources"]
    assert resources["Schema"]["Properties"]["Latest"] == bundled_migrations()[-1].name
    assert {resources[name]["DependsOn"] for name in ("HandlerFunction", "SweepFunction")} == {"Schema"}


def test_a_stack_is_created_updated_refused_and_deleted(
    cloud: Cloud, own_database: ConnectionParameters, database: Database, tmp_path: Path
) -> None:
    stack = deployment.deploy(cloud, own_database, NAME)
    assert loads(cloud, stack, database, "before.json")

    updated = next_release(tmp_path / "next", "9001_next.sql", "ALTER TABLE logs ADD COLUMN tenant text;")
    stack = deployment.deploy(cloud, own_database, NAME, updated)
    with database.transaction() as connection:
        assert connection.execute("SELECT tenant FROM logs").fetchall() == [(None,)]
    assert loads(cloud, stack, database, "after.json")

    broken = next_release(tmp_path / "broken", "9002_broken.sql", "SELECT 1 / 0;")
    with pytest.raises(DemoError):
        deployment.deploy(cloud, own_database, NAME, broken)
    events = cloud.client("cloudformation").describe_stack_events(StackName=NAME)["StackEvents"]
    assert any("division by zero" in event.get("ResourceStatusReason", "") for event in events)
    assert loads(cloud, stack, database, "still.json")

    deployment.delete(cloud, stack)
    assert set(observe.files(database)) == {"before.json", "after.json", "still.json"}
    assert cloud.client("s3").head_bucket(Bucket=stack.bucket)


def test_a_vpc_without_a_way_out_gets_one_before_the_tables_are_made(
    cloud: Cloud, own_database: ConnectionParameters
) -> None:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    group = ec2.create_security_group(GroupName="ours", Description="ours", VpcId=vpc)["GroupId"]
    stack = deployment.deploy(
        cloud, own_database, "ingestor-vpc", DbSchema="in_vpc", VpcEndpoints="true", VpcId=vpc,
        VpcSubnetIds=subnet, VpcRouteTableIds=table, VpcSecurityGroupIds=group,
    )  # fmt: skip
    services = {
        each["ServiceName"].rsplit(".", 1)[1] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]
    }
    assert services == {"s3", "sqs", "secretsmanager"}
    with closing(Database(lambda: own_database, "in_vpc")) as database:
        assert loads(cloud, stack, database, "app.json")


def test_a_bucket_that_is_already_there_is_connected_and_keeps_what_it_notified(
    cloud: Cloud, own_database: ConnectionParameters
) -> None:
    s3, sqs = cloud.client("s3"), cloud.client("sqs")
    s3.create_bucket(Bucket="long-there")
    theirs = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=theirs, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"Name": "prefix", "Value": "images/"}
    entry = {
        "Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [rule]}},
    }  # fmt: skip
    s3.put_bucket_notification_configuration(
        Bucket="long-there", NotificationConfiguration={"QueueConfigurations": [entry]}
    )
    stack = deployment.deploy(
        cloud, own_database, "ingestor-existing", DbSchema="existing", ExistingBucketName="long-there"
    )
    assert stack.bucket == "long-there"
    ours = sqs.get_queue_attributes(QueueUrl=stack.queue_url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ingestor.cli", "connect-bucket", "--bucket", "long-there"),
            *("--queue-arn", ours, "--prefix", "logs/"),
        ],
        env=os.environ | {"AWS_ENDPOINT_URL": cloud.endpoint, "AWS_REGION": "us-east-1", "PYTHONPATH": str(SOURCES)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with closing(Database(lambda: own_database, "existing")) as database:
        assert loads(cloud, stack, database, "logs/app.json")
    before = observe.waiting_messages(cloud, theirs)
    s3.put_object(Bucket="long-there", Key="images/cat.png", Body=b"x")
    assert observe.waiting_messages(cloud, theirs) == before + 1
