"""Derivations of the record written by hand as DuckDB SQL: what record_speed.py sets beside ours (record A13).

Each gives the same columns and rows as ours; record_speed.py compares them before it times them. Lists of
processes, states and bodies are data and are put in as they stand in the definitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from threecircles.record.derive.care import CareRules
from threecircles.record.derive.first_sign import FirstSignRule

SPELL = """
with e as (
  select *, case when end_basis = 'unknown' then coalesce(ended_from, valid_from) else coalesce(valid_to, date '9999-12-31') end as till
  from read_parquet('{episode}') where person_id is not null
), m as (
  select *, max(till) over (partition by person_id, process order by valid_from, row_id
    rows between unbounded preceding and 1 preceding) as reach from e
), n as (
  select *, sum(case when reach is null or valid_from > reach then 1 else 0 end)
    over (partition by person_id, process order by valid_from, row_id) as spell from m
)
select person_id, process, spell::bigint as spell, min(valid_from) as valid_from,
  nullif(max(till), date '9999-12-31') as valid_to, arg_min(row_id, (valid_from, row_id)) as first_row_id,
  arg_max(row_id, (valid_from, row_id)) as last_row_id, count(*) as n_rows, 0::bigint as n_bridged,
  count(*) filter (where valid_from < reach) as n_overlaps from n group by person_id, process, n.spell
"""
STOCK = """
with e as (
  select process, person_id, valid_from,
    case when end_basis = 'unknown' then coalesce(ended_from, valid_from) else valid_to end as valid_to
  from read_parquet('{episode}')
)
select process, count(*) as rows, count(distinct person_id) as persons from e
where valid_from <= date '{last}' and (valid_to is null or valid_to > date '{last}') group by process
"""
TERMS = """
select person_id, on_date, sum(case when item_or_scale = 'sessions_possible' then value else 0 end) as possible,
  sum(case when item_or_scale <> 'sessions_possible' then value else 0 end) as missed
from read_parquet('{measure}') where measure_id = 'attendance' group by all
"""
ACTIVITY = """
with e as (
  select process, person_id, valid_from, case when end_basis = 'unknown' then coalesce(ended_from, valid_from) else valid_to end as valid_to
  from read_parquet('{episode}') where not list_contains(flags, 'token_only')
), held as (
  select process, person_id, least(coalesce(valid_to, date '{after}'), date '{after}') - greatest(valid_from, date '{first}') as days
  from e where valid_from < date '{after}' and (valid_to is null or valid_to >= date '{first}')
), days as (
  select process, sum(days)::double as quantity, count(distinct person_id) as children from held where days > 0 group by process
)
select process, 'child_day' as unit, quantity, children from days
union all select process, 'child_week', quantity / 7, children from days
union all select process, 'episode', count(*)::double, count(distinct person_id) from e
  where valid_from >= date '{first}' and valid_from < date '{after}' group by process
union all select process, 'event', count(*)::double, count(distinct person_id) from read_parquet('{event}')
  where not list_contains(flags, 'token_only') and on_date >= date '{first}' and on_date < date '{after}' group by process
"""
CARE = """
with own as (
  select row_id, person_id, valid_from, valid_to as stated, reason_in, reason_out, attributes.ls as ls, attributes.place as place,
    case when end_basis = 'unknown' then coalesce(ended_from, valid_from) else valid_to end as valid_to, coalesce(attributes.ls in ({short_breaks}), false) as short_break
  from read_parquet('{episode}') where process = 'placement' and person_id is not null
), followed as (
  select *, lag(stated) over w as before, row_number() over w as n from own
  window w as (partition by person_id, short_break order by valid_from, row_id)
), opened as (
  select *, n = 1 or coalesce(valid_from > before, false) as opens, n > 1 and (before is null or valid_from < before) as overlap
  from followed
), numbered as materialized (
  select *, sum(opens::int) over (partition by person_id, short_break order by valid_from, row_id)::bigint as period from opened
), within as materialized (
  select *, lead(row_id) over w is null as closes, coalesce(reason_in in ({care_starts}), false) as claimed,
    opens or coalesce(reason_in in ({placement_starts}), false) as placed,
    opens or coalesce(reason_in in ({carer_starts}), false) as carried,
    opens or coalesce(ls <> lag(ls) over w, true) as changed
  from numbered window w as (partition by person_id, short_break, period order by valid_from, row_id)
)
select 'period_of_care' as made, person_id, short_break, period, min(valid_from) as valid_from,
  max(valid_to) filter (where closes) as valid_to, max(reason_in) filter (where opens) as reason_in,
  max(reason_out) filter (where closes) as reason_out, max(row_id) filter (where opens) as first_row_id,
  max(row_id) filter (where closes) as last_row_id, count(*) as n_rows, count(*) filter (where overlap) as n_overlaps,
  count(*) filter (where claimed) as n_rne_starts, bool_or(claimed <> opens) as starts_disagree
from within group by person_id, short_break, period
union all by name {placement} union all by name {carer} union all by name {legal}
"""
SPELL_IN_CARE = """
select '{made}' as made, person_id, short_break, period, spell, min(valid_from) as valid_from,
  max(valid_to) filter (where ends) as valid_to, {told} max(row_id) filter (where {begins}) as first_row_id,
  max(row_id) filter (where ends) as last_row_id, count(*) as n_rows
from (
  select *, lead(spell) over (partition by person_id, short_break, period order by valid_from, row_id) is distinct from spell as ends
  from (select *, sum({begins}::int) over (partition by person_id, short_break, period order by valid_from, row_id)::bigint as spell
    from within)
) group by person_id, short_break, period, spell
"""
TIMELINESS = """
with e as (
  select row_id, person_id, process, parent_row_id, valid_from, valid_to, coalesce(end_basis = 'unknown', false) as lost
  from read_parquet('{episode}')
), v as (
  select row_id, person_id, process, event, episode_row_id, on_date from read_parquet('{event}')
), assessed as (
  select a.row_id, a.person_id, a.valid_to as to_on, a.lost,
    case when row_number() over (partition by a.parent_row_id order by a.valid_from, a.row_id) = 1
      then coalesce(p.valid_from, a.valid_from) else a.valid_from end as from_on
  from e a left join e p on p.process = 'cin' and p.row_id = a.parent_row_id where a.process = 'assessment'
), helped as (
  select h.row_id, h.person_id, h.valid_to as to_on, h.lost, p.valid_from as from_on
  from e h left join e p on p.process = 'early_help' and p.row_id = h.parent_row_id where h.process = 'early_help_assessment'
), conferred as (
  select episode_row_id, min(on_date) as to_on from v where process = 'icpc' and episode_row_id is not null group by all
), enquired as (
  select s.row_id, s.person_id, c.to_on, false as lost, s.valid_from as from_on from e s left join conferred c on c.episode_row_id = s.row_id
  where s.process = 'section47' and (c.to_on is not null or (s.valid_to is null and not s.lost))
), seen as (
  select b.row_id, b.person_id, min(x.on_date) filter (where x.on_date >= b.on_date) as to_on, false as lost, b.on_date as from_on
  from v b left join v x on x.process = b.process and x.event = 'first_seen' and x.person_id = b.person_id
  where b.process = 'speech_language_therapy' and b.event = 'referral' group by b.row_id, b.person_id, b.on_date
), ends as (
  select 'assessment-45' as clock, 45 as allowed, true as working, * from assessed
  union all by name select 'early-help-assessment' as clock, 45 as allowed, true as working, * from helped
  union all by name select 'icpc-15' as clock, 15 as allowed, true as working, * from enquired
  union all by name select 'referral-to-first-seen' as clock, 126 as allowed, false as working, * from seen
), told as (
  select ends.*, coalesce(to_on, date '{last}') as until,
    case when working then (b.number - a.number)::bigint else coalesce(to_on, date '{last}') - from_on end as taken
  from ends left join working_days a on a.day = from_on left join working_days b on b.day = coalesce(to_on, date '{last}')
)
select clock, row_id, person_id, from_on, to_on, taken, case when taken is null or until < from_on or lost then 'cannot_tell'
  when taken > allowed then 'missed' when to_on is null then 'not_yet_due' else 'met' end as result from told
"""
"""Asks for a table working_days (day, number)."""
PATH = """
with e as (
  select row_id, person_id, process, coalesce(attributes.lead_agency, {body}) as body, valid_from,
    case when end_basis = 'unknown' then coalesce(ended_from, valid_from) else valid_to end as valid_to
  from read_parquet('{episode}') where person_id is not null
), contacts as (
  select person_id, min(on_date) as first_contact_on from read_parquet('{event}')
  where person_id is not null and process in ({contacts}) group by person_id
), help as (
  select *, lag(body) over (partition by person_id order by valid_from, row_id) as was from e where process in ({helps})
), given as (
  select person_id, min(valid_from) as first_help_on, arg_min(process, (valid_from, row_id)) as help_process,
    count(*) filter (where was <> body) as hand_offs from help group by person_id
), assessed as (
  select person_id, body, valid_from, lag(body) over w as was, lag(valid_from) over w as before from e
  where process in ({assessments}) window w as (partition by person_id order by valid_from, row_id)
), doubled as (
  select person_id, count(*) filter (where was <> body and valid_from - before <= {near}) as twice
  from assessed group by person_id
), moves as (
  select person_id, day, sum(step) as step from (
    select person_id, valid_from as day, 1 as step from help
    union all select person_id, valid_to, -1 from help where valid_to is not null
  ) group by person_id, day
), at_once as (
  select person_id, max(held) as most from (
    select person_id, sum(step) over (partition by person_id order by day) as held from moves
  ) group by person_id
)
select person_id, first_contact_on, first_help_on, help_process,
  case when first_help_on >= first_contact_on then first_help_on - first_contact_on end as days,
  coalesce(hand_offs, 0) as hand_offs, coalesce(twice, 0) as duplicate_assessments,
  coalesce(most, 0)::bigint as most_at_once
from contacts full join given using (person_id) left join doubled using (person_id) left join at_once using (person_id)
"""
JOURNEY = """
with known as (
  select person_id, row_id, list_position({processes}, process) as place, valid_from,
    coalesce(list_contains(flags, 'start_unknown'), false)::int as blind,
    case when end_basis = 'unknown' then coalesce(ended_from, valid_from) else least(coalesce(valid_to, date '{after}'), date '{after}') end as until
  from read_parquet('{episode}') where person_id is not null and process in ({listed})
  union all
  select person_id, first_row_id, list_position({processes}, 'cla'), valid_from, 0,
    least(coalesce(valid_to, date '{after}'), date '{after}')
  from read_parquet('{period_of_care}') where not short_break
), placed as (
  select *, {states}[place] as state from known where valid_from < until
), moves as (
  select person_id, state, row_id, blind, valid_from as day, 1 as step from placed
  union all select person_id, state, null, 0, until, -1 from placed
), changes as (
  select person_id, day, {deltas} from moves group by person_id, day
), held as (
  select *, lead(day) over w as until, {held} from changes window w as (partition by person_id order by day)
), segments as (
  select *, {highest} as state from held where until is not null
), marked as (
  select *, state is distinct from lag(state) over (partition by person_id order by day) as fresh from segments
), runs as (
  select *, sum(fresh::int) over (partition by person_id order by day)::bigint as n from marked
), joined as (
  select person_id, n, state, min(day) as valid_from, max(until) as until,
    max(case when fresh then {entered} end) as entered_by, max(case when fresh then {unknown} else 0 end) as unknown,
    {within} from runs group by person_id, n, state
)
select person_id, n, state, valid_from, case when until <> date '{after}' then until end as valid_to,
  until - valid_from as days, concat_ws(' ', {said}) as all_states, entered_by,
  case when until = date '{after}' and unknown = 1 then 'both' when until = date '{after}' then 'right'
    when unknown = 1 then 'left' else 'none' end as censored
from joined
"""
FIRST_SIGN = """
with signs as (
  select person_id, on_date as sign_on, case {events} end as sign_id from read_parquet('{event}')
  where process in ({processes}) and sign_id is not null
  union all
  select person_id, on_date, case {scores} end as sign_id from read_parquet('{measure}')
  where measure_id in ({measures}) and sign_id is not null
  union all
  select person_id, on_date, '{away}' from read_parquet('{measure}') where measure_id = 'attendance'
  group by person_id, on_date having sum(value) filter (where item_or_scale in ({reasons}))
    > {share} * sum(value) filter (where item_or_scale = 'sessions_possible' and value > 0)
), first_sign as (
  select person_id, min(sign_on) as sign_on, arg_min(sign_id, (sign_on, sign_id)) as sign_id
  from signs where person_id is not null group by person_id
), first_help as (
  select person_id, min(valid_from) as help_on, arg_min(process, (valid_from, row_id)) as help_process
  from read_parquet('{episode}') where process in ({helps}) and person_id in (from first_sign select person_id) group by person_id
)
select person_id, sign_id, sign_on, date '{since}' as sign_observable_from, help_process, help_on,
  case when help_on < sign_on then null else coalesce(help_on, date '{after}') - sign_on end as days,
  help_on is null as censored, case when help_on < sign_on then 'yes' when sign_on <= date '{since}' then 'unknown' else 'no' end as prior_help,
  help_process in ({statutory}) as first_help_statutory
from first_sign left join first_help using (person_id)
"""


def contact_path(
    episode: str,
    event: str,
    helps: Sequence[str],
    agencies: Mapping[str, str],
    contacts: Sequence[str],
    assessments: Sequence[str],
    near: int,
) -> str:
    """From first contact to first help. agencies: process -> the body that runs it, where it is not the council."""  # fmt: skip
    body = " ".join(f"when '{process}' then '{agency}'" for process, agency in agencies.items())
    return PATH.format(
        episode=episode, event=event, near=near, body=f"case process {body} else 'council' end",
        helps=_listed(helps), contacts=_listed(contacts), assessments=_listed(assessments),
    )  # fmt: skip


def care(episode: str, rule: CareRules) -> str:
    """Periods of care, placements, carers and legal statuses, one below the other."""
    place = "max(place) filter (where placed) as place, coalesce(max(place) filter (where placed) in ({}), false) as temporary,"
    status = "max(ls) filter (where changed) as ls,"
    spells = {
        "placement": (
            "placement_spell",
            "placed",
            place.format(_listed(rule.temporary_placements)),
        ),
        "carer": ("carer_spell", "carried", ""),
        "legal": ("legal_spell", "changed", status),
    }
    return CARE.format(
        episode=episode, short_breaks=_listed(rule.short_breaks), care_starts=_listed(rule.care_starts),
        placement_starts=_listed(rule.placement_starts), carer_starts=_listed(rule.carer_starts),
        **{name: SPELL_IN_CARE.format(made=made, begins=begins, told=told) for name, (made, begins, told) in spells.items()},
    )  # fmt: skip


def journey(
    episode: str, period_of_care: str, states: Mapping[str, Sequence[str]], after: date
) -> str:
    """Runs of days in one highest state. states: state -> its processes, highest first."""
    pairs = [(process, state) for state, held in states.items() for process in held]
    names = list(states)
    each = "sum(step) filter (where state = '{0}') as d_{0}, max(row_id) filter (where state = '{0}') as e_{0}, max(blind) filter (where state = '{0}') as u_{0}"
    return JOURNEY.format(
        episode=episode, period_of_care=period_of_care, after=after, listed=_listed([p for p, _ in pairs]),
        processes=[p for p, _ in pairs], states=[s for _, s in pairs],
        deltas=", ".join(each.format(n) for n in names),
        held=", ".join(f"coalesce(sum(d_{n}) over w, 0) > 0 as in_{n}" for n in names),
        highest=_first_held("'{0}'", names, "'none'"), entered=_first_held("e_{0}", names, "null"),
        unknown=_first_held("coalesce(u_{0}, 0)", names, "0"),
        within=", ".join(f"max(in_{n}) as in_{n}" for n in names),
        said=", ".join(f"case when in_{n} then '{n}' end" for n in names),
    )  # fmt: skip


def first_sign(
    episode: str,
    event: str,
    measure: str,
    helps: Sequence[str],
    rule: FirstSignRule,
    since: date,
    after: date,
) -> str:
    """First sign and first help. since: first day on which a sign could have been seen."""
    events, scores = [], []
    for sign in rule.signs:
        narrower = f" and event = '{sign.event}'" if sign.event else ""
        if sign.results:
            narrower += f" and result_code in ({_listed(sign.results)})"
        if sign.kind == "event":
            events.append(f"when process = '{sign.process}'{narrower} then '{sign.id}'")
        elif sign.measure:
            past = f"{'<' if sign.kind == 'below' else '>='} {sign.cut}"
            mine = f"measure_id = '{sign.measure}' and item_or_scale = '{sign.item}'"
            scores.append(f"when {mine} and value {past} then '{sign.id}'")
    return FIRST_SIGN.format(
        episode=episode, event=event, measure=measure, after=after, helps=_listed(helps),
        since=since, share=rule.absence_share,
        events=" ".join(events), processes=_listed([s.process for s in rule.signs if s.process]),
        scores=" ".join(scores), measures=_listed([s.measure for s in rule.signs if s.measure]),
        away=next(s.id for s in rule.signs if s.kind == "absence"),
        reasons=_listed(rule.absence_reasons), statutory=_listed(rule.statutory),
    )  # fmt: skip


def _first_held(told: str, names: Sequence[str], none: str) -> str:
    whens = " ".join(f"when in_{n} then {told.format(n)}" for n in names)
    return f"case {whens} else {none} end"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{n}'" for n in names)
