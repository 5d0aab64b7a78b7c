-- Number taken by the tables of the key service.
SELECT 1;
