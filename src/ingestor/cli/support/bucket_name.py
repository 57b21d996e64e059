"""The type of --bucket: a bucket's name, which is neither an address nor a path."""

import click


class BucketParameter(click.ParamType[str]):
    name = "bucket"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        bucket, slash, prefix = text.removeprefix("s3://").partition("/")
        if text != bucket:
            self.fail(f"give the name only: {_options(bucket, prefix if slash else '')}", param, ctx)
        return bucket


def _options(bucket: str, prefix: str) -> str:
    return f"--bucket {bucket}" + (f" --prefix {prefix}" if prefix else "")
