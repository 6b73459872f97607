# A Node service on the slim Node image: docker build -f scripts/package/docker/node.Dockerfile -t shop .
# The context is this source tree; the last stage stands for your own Dockerfile, from its FROM line on.
FROM debian:12-slim AS sqlprod
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libsqlite3-dev make && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN make -C /src install PREFIX=/usr/local DESTDIR=/stage

FROM node:24-slim
COPY --from=sqlprod /stage/usr/local/ /usr/local/
ENV LD_PRELOAD=/usr/local/lib/libsqlprod.so
WORKDIR /app
# COPY package*.json ./
# RUN npm ci --omit=dev
# COPY . .
CMD ["node", "server.js"]
