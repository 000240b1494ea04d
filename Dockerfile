# The bot. compose.yaml runs it beside Postgres; docs/operations.md says what to know.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package needs its install script; our own build is the next but one step.
RUN npm ci --ignore-scripts
COPY tsconfig.json manifest.yml ./
COPY bin bin
COPY migrations migrations
COPY src src
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
# For the embedded Postgres, where no DATABASE_URL is given.
RUN mkdir /data && chown node:node /data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json manifest.yml LICENSE ./
COPY bin/claude-spend.js bin/claude-spend.js
COPY migrations migrations
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The same as `npm start`, without npm in between, so that signals reach the program.
CMD ["node", "--enable-source-maps", "--max-semi-space-size=64", "dist/app/main.js"]
