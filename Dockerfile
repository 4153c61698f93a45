# One image for every service; the command picks which.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app
WORKDIR /app

COPY requirements-image.lock .
RUN pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
        --require-hashes -r requirements-image.lock \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin olcare \
    && install --directory --owner olcare /mail

COPY contracts contracts
COPY libs libs
COPY services services
RUN python -m compileall -q libs services

ARG OLCARE_REVISION=""
ENV OLCARE_REVISION=$OLCARE_REVISION
USER 10001
STOPSIGNAL SIGTERM
CMD ["python", "-m", "services.ops", "--help"]
