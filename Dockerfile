# One image for every process: docker run milepost web | worker | beat | live | migrate.

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /app/.venv && python -m venv /tmp/build
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN /app/.venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --no-deps -r requirements/runtime.txt
RUN /tmp/build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --no-deps -r requirements/build.txt
COPY . .
# Styles and fonts are built with tools that do not go into the image; the names of the files then
# carry their hashes, which needs the settings but no secret of yours.
RUN /tmp/build/bin/python assets/build.py
RUN SECRET_KEY=only-while-building /app/.venv/bin/python manage.py collectstatic --no-input

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app milepost && mkdir -p /data/media && chown milepost /data/media
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 MEDIA_ROOT=/data/media
USER milepost
VOLUME /data/media
EXPOSE 8000 8001
ENTRYPOINT ["python", "-m", "marketplace.programs"]
CMD ["web"]
