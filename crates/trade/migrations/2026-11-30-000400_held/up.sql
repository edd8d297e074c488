-- What the orders that are open now hold of each variant: only they know it, and from here on the catalogue counts it.
update variant set held = coalesce((
  select sum(l.quantity) from order_line l join purchase_order o on o.id = l.of_order
  where l.product = variant.product and l.variant = variant.id and o.state in ('placed', 'paid', 'shipped', 'received')
), 0);
