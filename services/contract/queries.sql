-- name: facts_for_contracts
-- What customers and contracts rest on, as one JSON: centres and products of the plan, and the registered ones of some customers.
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

-- name: customer
-- One customer, by its stream id.
select * from customers where stream = :stream;

-- name: contract
-- One contract, by its stream id.
select * from contracts where stream = :stream;

-- name: contracts_of_customer
-- The contracts of a customer, the newest term first.
select * from contracts where customer = :customer order by first_day desc, stream;

-- name: plan_in_force
-- Every part of the published plan, without its content.
select stream, part, name, version, published_at from plan_parts order by part, name;

-- name: notice_offsets_in_force
-- How many local days before the last covered one a renewal is offered, and somebody is reminded of it.
select
    (content ->> 'renewal_offer_days')::int as renewal_offer_days,
    array(select day::int from jsonb_array_elements_text(content -> 'reminder_days') with ordinality as x (day, place)
          order by place) as reminder_days,
    version, published_at, stream, sequence
from plan_parts where part = 'reminders';

-- name: tz_database_in_force
-- The published version of the tz database, without its content.
select stream, version, published_at from tz_databases;

-- name: plan_part
-- One part of the plan, by its stream id.
select * from plan_parts where stream = :stream;

-- name: erased_persons
-- Who was erased, of whom, when and by whose order.
select person, stream as customer, erased_at, ordered_by from erased_persons order by erased_at, person;
