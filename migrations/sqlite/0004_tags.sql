-- Number taken by the tables of tags.
SELECT 1;
