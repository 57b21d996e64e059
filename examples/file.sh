#!/bin/sh
# A file of this machine: load it, ask SQL, ask what became of it. `sh examples/file.sh my.json.gz`
set -eu
file=$1

ingestor local "$file"
ingestor psql -c "SELECT level, count(*) FROM logs GROUP BY level ORDER BY count(*) DESC"
ingestor status "$file"
