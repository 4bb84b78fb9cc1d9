"""An entry's bytes, pinned: they are final."""

from __future__ import annotations

import hashlib
import json

import pytest

from genesis.audit.entry import canonical, decode, encode, encode_any, form, form_of
from genesis.audit.hot import HOT
from genesis.errors import IntegrityError
from genesis.model.events import Event, OrderFilled
from genesis.model.run_events import RunStarted
from genesis.model.track_events import StrategyNote
from tests.kit.factories import T0, change, filled, note, order, sample, small_run


def test_a_fill_has_these_bytes() -> None:
    """Sorted keys, no blanks, exact amounts at their scale and times as text: byte for byte what it has always been."""
    of = order(7)
    assert encode(filled(of)) == (
        b'{"body":{"arrival_px":"43001.09","client_order_id":"ema.fast-7","confidence":"low","cost":{"drift":"0.04","impact":"-0.01"'
        b',"slippage":"0.02","spread_x2":"0.01","walk":"0.00"},"decision_px":"43001.05","fee":"0.0430011200"'
        b',"fee_currency":"USDT","fill_id":"ema.fast-7.1","filled_qty":"0.00100","last_px":"43001.12","last_qty":"0.00100"'
        b',"leaves_qty":"0.00000","liquidity":"TAKER","position":{"block":"' + b"ab" * 32 + b'","rows":123456'
        b',"stream":"BTCUSDT.BINANCE/trades"},"side":"BUY","tier":"trades","time_event":"1735689607015000001"}'
        b',"time":"1735689607020000001","track":"ema.fast","type":"OrderFilled","version":1}'
    )


def test_a_sample_has_these_bytes() -> None:
    """Floats are written as ECMAScript writes them, undefined is null, money stays text."""
    event = sample(tiny=1e-7, huge=1e21, whole=3.0, zero=-0.0, small=5e-324)
    assert encode(event) == (
        b'{"body":{"currency":"USDT","metrics":{"drawdown":0.0125,"equity":"10000.0000000000","huge":1e+21,"sharpe":null'
        b',"small":5e-324,"tiny":1e-7,"trades":3,"whole":3,"win_rate":0.3333333333333333,"zero":0}}'
        b',"time":"1735689600000000000","track":"ema.fast","type":"MetricSample","version":1}'
    )


def test_a_run_of_every_kind_of_event_has_these_bytes() -> None:
    """The digest over one event of every kind, and more, does not change from version to version."""
    entries = b"\n".join(encode(e) for e in small_run())
    assert hashlib.sha256(entries).hexdigest() == "65a8ab979b9ecaf56cedbf55e92944b3e16154ff68a827e71386d97ec5ffabd1"


def test_every_hot_kind_is_in_that_run() -> None:
    """The pinned run holds each kind that has a writer of its own, so none can change unseen."""
    assert set(HOT) <= {type(e) for e in small_run()}


@pytest.mark.parametrize("size", [2**53 - 1, 2**53, 2**53 + 1, 10**30])
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_from_two_to_the_53_on_are_strings(size: int, sign: int) -> None:
    """What a double cannot hold for certain is written as text, what it can as a number, on both ways of writing."""
    number = sign * size
    want: object = number if size < 2**53 else str(number)
    assert json.loads(encode(RunStarted(0, None, {"n": [number]})))["body"]["n"] == [want]
    assert json.loads(encode(sample(n=number)))["body"]["metrics"]["n"] == want


def test_time_is_text_even_when_it_is_small() -> None:
    """A reader never has to ask which of two forms engine time has."""
    assert decode(encode(note(time=5)))["time"] == "5"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused_by_name(number: float) -> None:
    """The error names event, time, track and the metric."""
    with pytest.raises(
        IntegrityError, match=rf"MetricSample at {T0} of track ema.fast.*metrics\.sharpe: expected a finite"
    ):
        encode(sample(sharpe=number))


def test_text_that_is_not_unicode_is_refused_by_name() -> None:
    """A lone surrogate has no UTF-8 form; both ways of writing say where it stands."""
    with pytest.raises(IntegrityError, match=r"body\.text: expected Unicode text"):
        encode(note("\ud800"))
    with pytest.raises(IntegrityError, match=r"body\.fee_currency: expected Unicode text"):
        encode(change(filled(order()), fee_currency="\udfff"))


def test_values_without_a_form_are_refused_by_name() -> None:
    """Objects and keys that JSON does not know are named with their path."""
    with pytest.raises(IntegrityError, match=r"a\[1\]: expected text, a number.*found object"):
        canonical({"a": [1, object()]})
    with pytest.raises(IntegrityError, match=r"a: expected keys of text, found 1"):
        canonical({"a": {1: 2}})


def test_what_is_no_json_object_cannot_be_decoded() -> None:
    """Broken bytes are an integrity error, not a surprise."""
    for entry in (b"", b"[]", b'{"type":', b"\xff"):
        with pytest.raises(IntegrityError, match="expected an entry's JSON object"):
            decode(entry)


def test_the_form_is_read_from_the_end_of_an_entry() -> None:
    """Neither a note that quotes an entry nor an intent's own type is taken for the entry's type."""
    assert form(encode(filled(order()))) == form_of(OrderFilled)
    assert form(encode(note(',"type":"OrderFilled","version":1}'))) == form_of(StrategyNote)


def test_more_different_things_than_are_remembered_come_out_right() -> None:
    """Prices, instruments, currencies and names of metrics beyond what the fast writers keep are written all the same."""
    fills: list[Event] = [filled(order(), ticks=n) for n in range(5_000)]
    fills += [filled(order(), fee_decimals=n % 300, fee=n) for n in range(600)]
    samples: list[Event] = [change(sample(), metrics={f"m{n}": n}) for n in range(300)]
    for event in [*fills, *samples]:
        encode(event)
    assert all(encode(e) == encode_any(e) for e in (*fills[:20], *fills[4_990:5_010], samples[0], samples[-1]))
    assert json.loads(encode(fills[4_321]))["body"]["last_px"] == "43.21"
