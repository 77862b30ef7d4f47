package awsiam

import "fmt"

func (e *Estate) Debug(principal, store string) {
	p, s := e.principalNumber[principal], e.storeNumber[store]
	r := e.Round([]int{p}).(*round)
	d := r.Decider().(*decider)
	for _, pr := range e.types[e.stores[s].Type] {
		d.prepare(e.stores[s], pr)
		c := d.candidates()
		hit := false
		c.among(r, true, func(n int) { hit = true })
		st := d.state(p)
		t := d.answer(st)
		fmt.Printf("candidate %v everybody %v open %v active %x alone %v\n", hit, c.everybody, c.open, d.active, d.alone)
		for i := range lanes(d.active) {
			f := d.evaluation(st, i).decide(nil)
			fast := "no"
			if t.maybe>>i&1 == 1 {
				fast = "maybe"
			}
			if t.sure>>i&1 == 1 {
				fast = "yes"
			}
			fmt.Printf("  %s on %s: %s, want %v\n", pr.lanes[i].operation, d.targets[pr.lanes[i].form].resource.ID, fast, f)
		}
	}
	_, a := e.Principal(p)
	for n := range e.principals {
		if _, c := e.Principal(n); c == a && n != p {
			fmt.Println("same class as", e.principals[n].Principal.ID)
		}
	}
	_, b := e.Store(s)
	for n := range e.stores {
		if _, c := e.Store(n); c == b && n != s {
			fmt.Println("same class as", e.stores[n].ID)
		}
	}
}
