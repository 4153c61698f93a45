-- name: contracts_shown
-- Contracts by their own ids, by those of their licences or of their customers; and which one each takes up again.
select c.stream, c.state, c.customer, c.licence, c.licence_kind, c.products, c.centre, c.zone, c.last_day,
    c.covered_until, c.begun, c.told, c.offered, c.successor, c.detected_at, before.stream as follows
from contracts c left join contracts before on before.successor = c.stream
where c.stream = any (cast(:ids as text[])) or c.licence = any (cast(:ids as text[]))
    or c.customer = any (cast(:ids as text[]))
order by c.customer, c.covered_from, c.stream;

-- name: terms_shown
-- All terms of some contracts.
select stream, number, first_day, last_day, covered_from, covered_until, signed_on, price
from terms where stream = any (cast(:contracts as text[])) order by stream, number;

-- name: licences_shown
-- Licences by their own ids or by those of their customers.
select stream, customer, licence_kind, products, options, list_value, currency, purchased_on
from licences where stream = any (cast(:ids as text[])) or customer = any (cast(:ids as text[]))
order by customer, purchased_on, stream;

-- name: customers_known
-- Those customers that are registered.
select stream from customers where stream = any (cast(:ids as text[])) order by stream;

-- name: products_known
-- The products of the plan.
select name from plan_parts where part = 'versions' order by name;

-- name: entitlements_at
-- What holds at an instant of each product that a customer had benefits of by then; all customers, or all products,
-- where none is named.
select distinct on (stream, product) stream, product, holds_from, benefits, contract
from entitlements
where holds_from <= :at and (cast(:streams as text[]) is null or stream = any (cast(:streams as text[])))
    and (cast(:product as text) is null or product = cast(:product as text))
order by stream, product, holds_from desc;
