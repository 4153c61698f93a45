# One image for every service; the command picks which.
FROM node:22.21-bookworm-slim AS assets

WORKDIR /assets
COPY services/ops/console/assets .
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app
WORKDIR /app

COPY requirements-image.lock .
RUN pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
        --require-hashes -r requirements-image.lock \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin olcare \
    && install --directory --owner olcare /mail

COPY --from=assets /assets/node_modules /assets
ENV OLCARE_CONSOLE_ASSETS=/assets

COPY contracts contracts
COPY libs libs
COPY services services
RUN python -m compileall -q libs services

ARG OLCARE_REVISION=""
ENV OLCARE_REVISION=$OLCARE_REVISION
USER 10001
STOPSIGNAL SIGTERM
CMD ["python", "-m", "services.ops", "--help"]
