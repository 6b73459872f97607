# A Python service on Alpine, whose libc is musl: docker build -f scripts/package/docker/alpine.Dockerfile -t shop .
# The context is this source tree; the last stage stands for your own Dockerfile, from its FROM line on.
FROM alpine:3 AS sqlprod
RUN apk add --no-cache build-base sqlite-dev
COPY . /src
RUN make -C /src install PREFIX=/usr/local DESTDIR=/stage

FROM alpine:3
RUN apk add --no-cache python3
COPY --from=sqlprod /stage/usr/local/ /usr/local/
ENV LD_PRELOAD=/usr/local/lib/libsqlprod.so
WORKDIR /app
# COPY . .
CMD ["python3", "app.py"]
