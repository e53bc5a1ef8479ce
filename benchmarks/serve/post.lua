-- One request body after the other from the file in BODIES, to the path in TARGET.
local bodies, at = {}, 0
for line in io.lines(os.getenv("BODIES")) do
  bodies[#bodies + 1] = wrk.format("POST", os.getenv("TARGET"), { ["Host"] = "localhost", ["Content-Type"] = "application/json" }, line)
end
request = function()
  at = at % #bodies + 1
  return bodies[at]
end
done = function(summary, latency)
  io.write(string.format("requests/s %.0f  p50 %.3f ms  p99 %.3f ms  errors %d\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.errors.status + summary.errors.read + summary.errors.timeout))
end
