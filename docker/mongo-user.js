// Runs once, on an empty data folder: the user that Headcount logs in as, with rights on its own database only.
db.getSiblingDB("headcount").createUser({
    user: "headcount",
    pwd: process.env.MONGO_PASSWORD,
    roles: [{ role: "readWrite", db: "headcount" }],
});
