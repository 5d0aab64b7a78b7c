# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY . .
RUN npm ci && npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production CSMS_HOST=0.0.0.0 CSMS_DATA=/data
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src/launch.js ./src/
COPY --from=packages /app/dist ./dist
RUN install -d -o node -g node -m 0700 /data && install -d -o node -g node node_modules/.cache
USER node
# A container cannot keep what a start compiles, so all of them read what this one leaves: otherwise each would take several times as
# long, and 25 MiB more. What is kept is for this user only.
RUN set -eu; first=$(mktemp -d); \
  node --max-semi-space-size=16 src/launch.js dev --host=127.0.0.1 --port=0 --data="$first/data" >"$first/out" & \
  until grep -q '^csms-server listening' "$first/out"; do kill -0 $!; sleep 0.1; done; \
  CSMS_DATA="$first/data" node --max-semi-space-size=16 src/launch.js call GET '/v1/{project_id}/secrets' >"$first/answer"; \
  kill $!; wait $!; rm -r "$first"
USER root
RUN chown -R root:root node_modules/.cache && chmod -R a+rX,go-w node_modules/.cache
USER node
VOLUME /data
EXPOSE 4280
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s \
  CMD ["node", "-e", "const s=process.env.CSMS_TLS_CERT?'https':'http';process.env.NODE_TLS_REJECT_UNAUTHORIZED='0';fetch(`${s}://127.0.0.1:${process.env.CSMS_PORT||4280}/readyz`).then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "--disable-sigusr1", "--max-semi-space-size=16", "src/launch.js"]
CMD ["serve"]
