# syntax=docker/dockerfile:1

FROM rust:1-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends libpq-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches are no part of the image, so the program is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --features postgres --locked && cp target/release/vestibule /usr/local/bin/vestibule

FROM debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends libpq5 ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin vestibule \
    && install --directory --owner=vestibule --mode=0700 /data
COPY --from=build /usr/local/bin/vestibule /usr/local/bin/vestibule
# Inside the container every address is fine: what is published decides who gets in.
ENV VESTIBULE_BIND=0.0.0.0:8080 VESTIBULE_DATA_DIR=/data
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s CMD ["vestibule", "doctor", "--quick"]
ENTRYPOINT ["vestibule"]
CMD ["serve"]
