# How to build, run and renew it: docs/container.md. Old builders read this file too, so it uses nothing newer than they know.
ARG BUILD_BASE=docker.io/library/node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d
ARG RUNTIME_BASE=gcr.io/distroless/nodejs24-debian12:nonroot@sha256:a58790048b54a9a6680b0ca6eb5b497efcb6225905e30f8e77f2edf76ffaf311

FROM ${BUILD_BASE} AS build
# A company's own: the address of its registry of packages, and the certificates (PEM text) of its authorities.
ARG NPM_REGISTRY=
ARG CA_CERTIFICATES=
WORKDIR /app
COPY package.json package-lock.json ./
# No script of a package runs: the one that fetches a Node for older hosts is not needed here.
RUN set -eu; \
  if [ -n "$NPM_REGISTRY" ]; then export npm_config_registry="$NPM_REGISTRY"; fi; \
  if [ -n "$CA_CERTIFICATES" ]; then printf '%s\n' "$CA_CERTIFICATES" >/tmp/ca.pem; export NODE_EXTRA_CA_CERTS=/tmp/ca.pem; fi; \
  npm ci --ignore-scripts --no-audit --no-fund
COPY LICENSE openapi.yaml ./
COPY migrations ./migrations
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.ts && sh scripts/image/assemble.sh /image

# A container cannot keep what a start compiles, so all of them read what a first start here leaves.
FROM ${RUNTIME_BASE} AS started
COPY --from=build /image/app/ /app/
COPY --from=build --chown=1000:1000 /image/cache/ /app/node_modules/.cache/
COPY --from=build /app/scripts/image/ /image/
USER 0
RUN ["/nodejs/bin/node", "/image/runtime.mjs", "/app/sbom.cdx.json"]
USER 1000:1000
RUN ["/nodejs/bin/node", "/image/first-start.mjs"]

FROM ${RUNTIME_BASE} AS runtime
ARG VERSION=0.2.0
ARG REVISION=
ARG RUNTIME_BASE
LABEL org.opencontainers.image.title="csms-server" \
  org.opencontainers.image.description="Self-hosted, CSMS-compatible secret management server" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.base.name="${RUNTIME_BASE}"
# Old builders keep the owner of what the first start wrote.
COPY --from=started --chown=0:0 /app/ /app/
COPY --from=build /image/bin/ /usr/local/bin/
# For volumes, which take owner and mode from here: the keys never lie in the same one as the data.
COPY --from=build --chown=1000:1000 /image/volumes/ /
# What runs in a container of this image can tell so by the last one.
ENV NODE_ENV=production CSMS_HOST=0.0.0.0 CSMS_DATA=/data container=oci
WORKDIR /data
USER 1000:1000
VOLUME /data
EXPOSE 4280
HEALTHCHECK --interval=1s --timeout=3s --start-period=30s --retries=5 CMD ["/nodejs/bin/node", "/app/probe.cjs"]
ENTRYPOINT ["/nodejs/bin/node", "--disable-sigusr1", "--max-semi-space-size=16", "/app/src/launch.js"]

FROM runtime AS dev
# Development is not for other machines: publish the port on loopback.
# The C library gives back what worlds that have ended took: docs/adr/0066-worlds.md.
ENV CSMS_ALLOW_HTTP=1 MALLOC_MMAP_THRESHOLD_=32768
CMD ["dev"]

FROM runtime AS serve
CMD ["serve"]
