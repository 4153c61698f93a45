-- name: viewings
-- Who was shown what is private, the oldest first; since an instant, or by one person, where these are given.
select recorded_at, shown_at, who, reason, case_number, kind, what
from viewings
where (:since::timestamptz is null or recorded_at >= :since) and (:who::text is null or who = :who)
order by recorded_at, stream, sequence;
