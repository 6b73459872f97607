# A Django service on the slim Python image: docker build -f scripts/package/docker/python.Dockerfile -t shop .
# The context is this source tree; the last stage stands for your own Dockerfile, from its FROM line on.
FROM python:3.13-slim AS sqlprod
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libsqlite3-dev make && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN make -C /src install PREFIX=/usr/local DESTDIR=/stage

FROM python:3.13-slim
COPY --from=sqlprod /stage/usr/local/ /usr/local/
# Not earlier: a library that is not there yet is told by each program that starts.
ENV LD_PRELOAD=/usr/local/lib/libsqlprod.so
RUN pip install --no-cache-dir django gunicorn
WORKDIR /app
# COPY . .
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--workers", "4", "shop.wsgi"]
