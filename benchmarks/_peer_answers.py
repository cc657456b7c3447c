"""Ask OpenDP's own Context the same question; run by the peers' environment, times as JSON."""

import json
import sys
import time

import opendp.prelude as dp
import polars as pl

dp.enable_features("contrib")


def asked(path, zones, rows_per_unit, high, rho):
    context = dp.Context.compositor(
        data=pl.scan_parquet(path),
        privacy_unit=dp.unit_of(contributions=rows_per_unit),
        privacy_loss=dp.loss_of(rho=rho),
        split_evenly_over=1,
        margins=[dp.polars.Margin(max_length=10_000_000)],
    )
    keys = pl.LazyFrame(
        {
            "zone": [zone for zone in range(zones) for _ in range(24)],
            "hour": [hour for _ in range(zones) for hour in range(24)],
        },
        schema={"zone": pl.Int32, "hour": pl.Int32},
    )
    query = (
        context.query()
        .group_by("zone", "hour")
        .agg(dp.len(), pl.col("wh").fill_null(0).dp.sum((0, high)))
        .with_keys(keys)
    )
    return query.release().collect()


def main():
    path, zones, rows_per_unit, high, rho, rounds = sys.argv[1:]
    # The first is not counted: it is what warms the files and the library.
    for number in range(int(rounds) + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        found = asked(path, int(zones), int(rows_per_unit), int(high), float(rho))
        spent = {"s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        assert found.height == int(zones) * 24
        if number:
            print(json.dumps(spent), flush=True)
            sys.stdin.readline()


if __name__ == "__main__":
    main()
