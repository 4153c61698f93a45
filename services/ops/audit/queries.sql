-- name: actions
-- What people did, the youngest first and so many at most: who was shown what is private, and who mended or published
-- what. In a span of time, by one person, of one kind, or about one thing, where these are given.
select * from (
    select recorded_at, shown_at as at, who, 'show' as action, kind, what, reason, case_number, null::int as letters,
        null as door, null as source, null::int as generation, null::timestamptz as done_at, null as outcome,
        null::int as taken, null::int as refused, null::int as unreadable, null::int as discarded,
        null::int as left_over,
        null::jsonb as proof, null::jsonb as parts, stream, sequence
    from viewings
    union all
    select recorded_at, ordered_at, who, action, null, what, reason, null, letters, door, source, generation, done_at,
        outcome, taken, refused, unreadable, discarded, left_over, proof, parts, stream, sequence
    from mendings
) all_actions
where (:since::timestamptz is null or recorded_at >= :since)
    and (:until::timestamptz is null or recorded_at < :until)
    and (:who::text is null or who = :who)
    and (:action::text is null or action = :action)
    and (:what::text is null or what = :what)
order by recorded_at desc, stream desc, sequence desc
limit :most;

-- name: actions_measured
-- How often people mended what, by what came of it; `done` where nothing more comes, `under-way` where it is not known.
select action,
    coalesce(outcome, case when action in ('switch', 'discard-generations') then 'done' else 'under-way' end) as outcome,
    count(*) as actions
from mendings
group by 1, 2;
