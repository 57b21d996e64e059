#!/bin/sh
# What a CronJob does: one pass over a bucket, without a queue. deploy/kubernetes/cronjob.yaml is the manifest.
# The exit status is 0 when everything that was found is loaded, else 1: a scheduler's alarm may stand on it.
set -eu

ingestor migrate # safe to repeat; in production once, as the owner of the tables
ingestor run --bucket "$BUCKET" --workers 2
