-- What somebody reviewed is found by their id, for their export.
create index emergency_reviews_by_reviewer on emergency_reviews (reviewer_id, id) where reviewer_id is not null;
