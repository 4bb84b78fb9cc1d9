"""``genesis simulate-policy``: what a configuration's criteria, rules and evidence let through, before a strategy stakes anything on it."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from genesis.cli.app import Force, Json, app
from genesis.cli.output import print_json, print_table, progress_bar, say
from genesis.config import Config, load_config
from genesis.errors import ConfigError
from genesis.evidence.payoffs import Payoff
from genesis.model.grid import parse_decimal
from genesis.monitoring.report import policy_page
from genesis.paper_trading.policy import study
from genesis.paper_trading.policy_values import Outcome, Policy, Strategy, World
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.system.export import write_whole
from genesis.system.weighing import betting_rules

_SHARPES = (0.0, -2.0, 1.5, 3.0, 5.0, 8.0)


@app.command()
def simulate_policy(
    config: Annotated[Path | None, typer.Argument(help="a YAML configuration; without one the defaults")] = None,
    families: Annotated[int, typer.Option(help="how often each strategy is simulated")] = 50,
    look_alikes: Annotated[int, typer.Option(help="versions in a family, the strategy among them")] = 1,
    correlation: Annotated[float, typer.Option(help="between look-alikes")] = 0.5,
    trades: Annotated[int, typer.Option(help="a day")] = 24,
    days: Annotated[int, typer.Option(help="how long")] = 365,
    payoff: Annotated[list[Payoff] | None, typer.Option(help="may be said again; all where left out")] = None,
    sharpe: Annotated[list[float] | None, typer.Option(help="true annual Sharpe ratio, net; may be said again")] = None,
    alpha: Annotated[list[str] | None, typer.Option(help="another level to compare; may be said again")] = None,
    seed: Annotated[int, typer.Option(help="of all chance")] = 1,
    out: Annotated[Path | None, typer.Option(help="an HTML page with plots")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """How often this configuration promotes what has no edge, and how long what has one waits: by simulation.

    ``--alpha`` is the level of going live (alpha_live) where the profile asks evidence for that, else the level of every further step (alpha_full).
    """
    loaded = Config() if config is None else load_config(config, os.environ)
    paper = loaded.paper_trading
    world = _world(families, look_alikes, days, trades, correlation, seed)
    betting = betting_rules(paper.promotion, world.members)
    policy = Policy(criteria=paper.validation_criteria.simulated(), rules=paper.promotion, betting=betting)
    strategies = [Strategy(p, s) for p in payoff or list(Payoff) for s in sharpe or _SHARPES]
    policies = {a: msgspec.structs.replace(policy, rules=_at(policy.rules, a)) for a in alpha or ()}
    with progress_bar(as_json) as bar:
        task = bar.add_task("families", total=(1 + len(policies)) * len(strategies) * world.families)
        found = study(policy, world, strategies, lambda *_: bar.advance(task))
        others = {a: study(p, world, strategies, lambda *_: bar.advance(task)) for a, p in policies.items()}
    if out is not None:
        name = "defaults" if config is None else config.name
        page = policy_page.render(name, policy.rules.words(), world, found, others)
        write_whole(out, force, lambda part: part.write_text(page, encoding="utf-8"))
    if as_json:
        print_json(_document(policy, world, found, others, out))
        return
    _show(policy, paper.validation_criteria, world, found, others)
    if out is not None:
        say(str(out))


def _show(
    policy: Policy,
    criteria: ValidationCriteria,
    world: World,
    found: tuple[Outcome, ...],
    others: dict[str, tuple[Outcome, ...]],
) -> None:
    for sentence in (*policy.rules.words(), *_left_out(criteria), policy_page.setting(world)):
        say(sentence)
    print_table([_row(o) for o in found])
    for level, outcomes in others.items():
        say(f"\nalpha {level}")
        print_table([_row(o) for o in outcomes])
    say(policy_page.LIMITS)


def _left_out(criteria: ValidationCriteria) -> tuple[str, ...]:
    names = ", ".join(criteria.unsimulated)
    return (f"Not simulated, and never in the way here: {names}.",) if names else ()


def _world(families: int, members: int, days: int, trades: int, correlation: float, seed: int) -> World:
    try:
        return World(
            families=families, members=members, days=days, trades_a_day=trades, correlation=correlation, seed=seed
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _at(rules: PromotionRules, text: str) -> PromotionRules:
    try:
        level: Decimal = parse_decimal(text)
        return msgspec.structs.replace(rules, **{"alpha_live" if rules.needs_evidence else "alpha_full": level})
    except ValueError as error:
        raise ConfigError(f"--alpha: {error}") from None


def _row(o: Outcome) -> dict[str, Any]:
    return {
        "payoff": o.strategy.payoff.value,
        "Sharpe": f"{o.strategy.sharpe:g}",
        "ever live": policy_page.rate(o.live),
        "above first step": policy_page.rate(o.above_first),
        "50 %": policy_page.rate(o.half),
        "all": policy_page.rate(o.full),
        "any without edge": policy_page.rate(o.any_live),
        "median days": "" if o.days_to_live is None else f"{o.days_to_live:.1f}",
        "decided": policy_page.rate(o.decided),
        "mean share": f"{100 * o.mean_share:.2f} ± {100 * o.mean_share_stderr:.2f} %",
    }


def _document(
    policy: Policy, world: World, found: tuple[Outcome, ...], others: dict[str, tuple[Outcome, ...]], out: Path | None
) -> dict[str, Any]:
    return {
        "rules": policy.rules.digest,
        "words": list(policy.rules.words()),
        "criteria": msgspec.to_builtins(policy.criteria),
        "world": msgspec.to_builtins(world),
        "outcomes": [_plain(o) for o in found],
        "by_alpha": {a: [_plain(o) for o in outcomes] for a, outcomes in others.items()},
        "limits": policy_page.LIMITS,
        "file": None if out is None else str(out),
    }


def _plain(o: Outcome) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(o)
    for name in ("live", "above_first", "half", "full", "any_live", "halted", "rejected", "decided"):
        found = getattr(o, name)
        plain[name] |= {"value": found.value, "stderr": found.stderr}
    return plain
