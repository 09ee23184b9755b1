-- An endpoint of a FHIR Subscription in somebody's vault, rather than of a webhook: the id of that, and the session of the app that made it.
alter table webhook_endpoints add column subscription text;
alter table webhook_endpoints add column session_id text;

-- It is about one person, who stands in `webhook_people`, and goes with them.
create trigger webhook_people_of_subscriptions after delete on webhook_people
begin
  delete from webhook_endpoints where id = old.endpoint_id and subscription is not null;
end;
