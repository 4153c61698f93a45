-- name: facts_for_contracts
-- What decisions on customers and contracts rest on, as one JSON: centres and products of the plan, and those of some
-- customers that are registered.
select jsonb_build_object(
    'centres', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'stream', stream, 'sequence', sequence, 'centre', name,
            'zone', content -> 'zone', 'countries', content -> 'countries') order by name), '[]'::jsonb)
        from plan_parts where part = 'calendar'),
    'products', (
        select coalesce(jsonb_agg(name order by name), '[]'::jsonb) from plan_parts where part = 'versions'),
    'customers', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'stream', stream, 'sequence', sequence, 'centre', centre) order by stream), '[]'::jsonb)
        from customers where stream = any (cast(:customers as text[])))
) as facts;

-- name: price_lists
-- Every price list that was published, by currency and version.
select stream, version, applies_from, published_at, content from price_lists order by stream, version;
