FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package tokenry

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/tokenry --create-home tokenry
COPY --from=build /src/target/release/tokenry /usr/local/bin/tokenry
USER tokenry
WORKDIR /var/lib/tokenry
VOLUME /var/lib/tokenry
# Set TOKENRY_ISSUER to the https address that clients know: an http issuer is refused unless it is loopback.
ENV TOKENRY_LISTEN=0.0.0.0:7519 TOKENRY_DATA_DIR=/var/lib/tokenry
EXPOSE 7519
ENTRYPOINT ["tokenry"]
CMD ["serve"]
