# limner in an image: no key in it, nobody's rights but those of the user "node".
#
#   docker build -t limner .
#   docker run -i --rm --env-file limner.env -v limner-state:/state -v "$PWD:$PWD" -w "$PWD" limner
#
# The project is mounted under its own name, so that the paths limner answers with are right outside of the container too.
# Entries for hosts: README.md, Packages.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
LABEL org.opencontainers.image.title="limner" \
      org.opencontainers.image.description="Images for AI agents with Google Gemini: generate, edit, compose, and finish files for free." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT" \
      io.modelcontextprotocol.server.name="io.github.limner-mcp/limner"
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN install -d -o node -g node /state /pictures
ENV LIMNER_STATE_DIR=/state
VOLUME ["/state", "/pictures"]
USER node
WORKDIR /pictures
ENTRYPOINT ["node", "/app/dist/index.js"]
