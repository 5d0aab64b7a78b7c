-- Number taken by the tables of the checker.
SELECT 1;
