# What contributors do beside `scripts/`. Needs https://just.systems; each line can be typed as it stands, too.

set positional-arguments

# RocksDB is compiled once for the machine; cargo is told where it lies.
env := ". scripts/env"

# The recipes.
default:
    @just --list

# Everything that a change has to pass.
check:
    cargo fmt --all --check
    {{ env }} && cargo clippy --locked --workspace --all-targets -- -D warnings
    {{ env }} && RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
    typos
    scripts/test

# Unit tests whose names have this in them.
unit *filter:
    {{ env }} && cargo test --locked --workspace --lib "$@"

# End-to-end tests whose names have this in them, such as `just e2e walk::`.
e2e *filter:
    scripts/build --workspace --bins --examples --tests
    {{ env }} && cargo test --locked --workspace --test end_to_end "$@"

# Writes the test vectors anew; look at the difference before you commit it.
vectors:
    {{ env }} && PAPERMESH_WRITE_VECTORS=1 cargo test --locked --workspace --test vectors

# Writes the corpora of the fuzz targets anew.
corpora:
    {{ env }} && PAPERMESH_WRITE_CORPUS=1 cargo test --locked --workspace --test corpus
    {{ env }} && PAPERMESH_WRITE_CORPUS=1 cargo test --locked --workspace --lib rehearsal

# Writes the bytes of a new format of rows.
formats:
    {{ env }} && PAPERMESH_WRITE_FORMAT=1 cargo test --locked --workspace --lib upgrade

# Fuzzes a target of the protocol for so long, such as `just fuzz record 600`. Needs cargo-fuzz and a nightly toolchain.
fuzz target seconds="60":
    cd protocol && cargo +nightly fuzz run "{{ target }}" -- -max_total_time="{{ seconds }}"

# Which lines unit tests reach. Needs cargo-llvm-cov.
coverage:
    {{ env }} && cargo llvm-cov --workspace --lib --html

# Everything that a change of the simulator has to pass; a workspace of its own.
[working-directory: "simulations"]
simulator:
    cargo fmt --all --check
    cargo clippy --locked --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
    cargo test --locked

# Draws the book into `docs/book`. Needs mdbook.
book:
    mdbook build docs
