import asyncio, json, sys
from pathlib import Path
from jishi_ingest.demo.generate import generate
from jishi_ingest.demo.ingest import plan_of
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit
async def test_road(loaded_settings, tmp_path):
    m = generate(1500, 5, tmp_path/'c')
    road = Road.open(loaded_settings)
    for d,(s,p) in zip(m.deliveries, plan_of(m)):
        b = await submit(road, source_of(road, s), p)
        r = await finish(road, b, lambda x: None)
        e = d.expected
        print(d.file, r['status'], e.status, 'rec', r['received'], e.received, {k:r[k] for k in ('unchanged','inserted','updated','ended','quarantined','held','duplicate','ended_by_absence','golden')}, 'exp q', e.refused+e.conflicting, 'dup', e.duplicate, 'confl', e.conflicts)
        got, want = r['reasons'], e.reasons
        print('   reasons diff', {k:(got.get(k),want.get(k)) for k in {*got,*want} if got.get(k)!=want.get(k)})
        print('   warnings', r['warnings'], 'want', e.warnings, 'fault', r['fault'] and r['fault']['code'], r.get('held_reasons'), [n['message'] for n in r.get('notes',[])])
