# ingestor on the command line, e.g. `ingestor run` as a Kubernetes CronJob. The Lambda functions need no image.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md ./
COPY src ./src
# Wheels alone: nothing is compiled, and no compiler is there.
RUN python -m venv /opt/ingestor && /opt/ingestor/bin/pip install --no-cache-dir --only-binary :all: --no-binary ingestor .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home ingestor
COPY --from=build /opt/ingestor /opt/ingestor
USER 10001
ENV PATH=/opt/ingestor/bin:$PATH PYTHONUNBUFFERED=1
# SIGTERM, which Kubernetes sends, commits the chunk in hand and gives the claim back.
ENTRYPOINT ["ingestor"]
CMD ["run", "--help"]
