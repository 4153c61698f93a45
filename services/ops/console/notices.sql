-- name: ambiguous_now
-- How many notices nobody knows of whether they were accepted, and since when.
select count(*) as notices, min(changed_at) as since from notices where state = 'ambiguous';
